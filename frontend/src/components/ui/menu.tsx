import { Check } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";

interface MenuProps {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
}

/** A menu under a button. */
export function Menu({ trigger, children, align = "end" }: MenuProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 min-w-44 rounded-md border bg-paper p-1 shadow-pop"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface MenuCheckItemProps {
  children: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** An item that is on or off; the menu stays open. */
export function MenuCheckItem({ children, checked, onChange }: MenuCheckItemProps) {
  return (
    <Radix.CheckboxItem
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
      className="flex cursor-pointer items-center gap-2 rounded-sm py-1.5 pr-2.5 pl-8 text-sm text-ink outline-none select-none data-highlighted:bg-line/70"
    >
      <Radix.ItemIndicator className="absolute left-3">
        <Check className="size-4" />
      </Radix.ItemIndicator>
      {children}
    </Radix.CheckboxItem>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2.5 pt-1.5 pb-1 text-xs">{children}</Radix.Label>;
}

interface MenuRadioProps<T extends string> {
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: ReactNode }[];
}

/** Items of which one is chosen; the menu stays open. */
export function MenuRadio<T extends string>({ value, onChange, options }: MenuRadioProps<T>) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
      {options.map((option) => (
        <Radix.RadioItem
          key={option.value}
          value={option.value}
          onSelect={(event) => event.preventDefault()}
          className="relative flex cursor-pointer items-center gap-2 rounded-sm py-1.5 pr-2.5 pl-8 text-sm text-ink outline-none select-none data-highlighted:bg-line/70"
        >
          <Radix.ItemIndicator className="absolute left-2">
            <Check className="size-4" />
          </Radix.ItemIndicator>
          {option.label}
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

interface MenuItemProps {
  children: ReactNode;
  onSelect?: () => void;
  /** The child is the element itself, such as a link. */
  asChild?: boolean;
}

export function MenuItem({ children, onSelect, asChild }: MenuItemProps) {
  return (
    <Radix.Item
      asChild={asChild}
      onSelect={onSelect}
      className="flex cursor-pointer items-center gap-2 rounded-sm px-2.5 py-1.5 text-sm text-ink outline-none select-none data-highlighted:bg-line/70 [&_svg]:size-4 [&_svg]:text-muted"
    >
      {children}
    </Radix.Item>
  );
}
