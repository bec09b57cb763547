"use client";

import { Menu as MenuIcon, Plus } from "lucide-react";
import { usePathname } from "next/navigation";

import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Menu, MenuItem } from "@/components/ui/menu";
import { cn } from "@/lib/utils";

import { HealthDot } from "./health";
import { IfMayWrite } from "./read-only";

const pages = [
  { href: "/", label: "Overview" },
  { href: "/experiments/", label: "Experiments" },
  { href: "/compare/", label: "Compare" },
  { href: "/optimise/", label: "Optimise" },
  { href: "/datasets/", label: "Datasets" },
  { href: "/knowledge/", label: "Knowledge" },
  { href: "/models/", label: "Models" },
] as const;

function isCurrent(href: string, path: string): boolean {
  return href === "/" ? path === "/" : path.startsWith(href);
}

/** The top bar: navigation, health, and a link to a new experiment. */
export function Nav() {
  const path = usePathname();
  return (
    <header className="sticky top-0 z-30 border-b bg-paper/95 backdrop-blur-sm">
      <div className="mx-auto flex h-14 max-w-page items-center gap-3 px-4 sm:px-6 lg:px-8">
        <Link href="/" className="font-serif text-2xl leading-none text-ink">
          LlmForge
        </Link>
        <nav aria-label="Main" className="hidden items-center md:flex lg:ml-4 lg:gap-1">
          {pages.map(({ href, label }) => (
            <Link
              key={href}
              href={href}
              aria-current={isCurrent(href, path) ? "page" : undefined}
              className={cn(
                "rounded-full px-2 py-1.5 lg:px-3 transition-colors hover:text-ink",
                isCurrent(href, path) && "bg-line/60 font-medium text-ink",
              )}
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex items-center gap-2">
          <HealthDot />
          <IfMayWrite>
            <Button asChild variant="primary" size="sm">
              <Link href="/experiments/new/">
                <Plus aria-hidden="true" />
                <span>
                  New<span className="hidden lg:inline"> experiment</span>
                </span>
              </Link>
            </Button>
          </IfMayWrite>
          <div className="md:hidden">
            <Menu
              trigger={
                <Button variant="ghost" size="icon-sm" aria-label="Menu">
                  <MenuIcon />
                </Button>
              }
            >
              {pages.map(({ href, label }) => (
                <MenuItem key={href} asChild>
                  <Link href={href} aria-current={isCurrent(href, path) ? "page" : undefined}>
                    {label}
                  </Link>
                </MenuItem>
              ))}
            </Menu>
          </div>
        </div>
      </div>
    </header>
  );
}
