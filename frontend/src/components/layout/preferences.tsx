"use client";

import { Moon, Sun } from "lucide-react";
import { toast } from "sonner";

import { Button } from "@/components/ui/button";
import { Menu, MenuCheckItem, MenuLabel, MenuRadio } from "@/components/ui/menu";
import { setNotifications, useNotifications } from "@/lib/notifications";
import { type ThemeChoice, useDark, useThemeChoice, useThemeKept } from "@/lib/theme";

const themes: readonly { value: ThemeChoice; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

/** What this browser keeps for its user: light or dark, and whether it tells of endings. */
export function Preferences() {
  useThemeKept();
  const [theme, setTheme] = useThemeChoice();
  const dark = useDark();
  const notify = useNotifications();
  const onNotify = async (on: boolean) => {
    const problem = await setNotifications(on);
    if (problem) toast.error(problem);
    else if (on) toast("While this tab is hidden, the browser tells you when an experiment has ended.");
  };
  return (
    <Menu
      trigger={
        <Button variant="ghost" size="icon-sm" aria-label="Display and notifications">
          {dark ? <Moon /> : <Sun />}
        </Button>
      }
    >
      <MenuLabel>Colours</MenuLabel>
      <MenuRadio value={theme} onChange={setTheme} options={themes} />
      <div role="separator" className="my-1 border-t" />
      <MenuLabel>Notifications</MenuLabel>
      <MenuCheckItem checked={notify} onChange={(on) => void onNotify(on)}>
        When something ends
      </MenuCheckItem>
    </Menu>
  );
}
