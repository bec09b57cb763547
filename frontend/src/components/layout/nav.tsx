"use client";

import { BookOpen, Menu as MenuIcon, Plus } from "lucide-react";
import { usePathname } from "next/navigation";

import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Menu, MenuItem } from "@/components/ui/menu";
import { API_URL } from "@/lib/api/address";
import { cn } from "@/lib/utils";

import { HealthDot, useHealth } from "./health";
import { Preferences } from "./preferences";
import { IfMayWrite } from "./read-only";

const pages = [
  { href: "/", label: "Overview" },
  { href: "/experiments/", label: "Experiments" },
  { href: "/compare/", label: "Compare" },
  { href: "/optimise/", label: "Optimise" },
  { href: "/datasets/", label: "Datasets" },
  { href: "/knowledge/", label: "Knowledge" },
  { href: "/models/", label: "Models" },
  { href: "/spending/", label: "Spending" },
] as const;

function isCurrent(href: string, path: string): boolean {
  return href === "/" ? path === "/" : path.startsWith(href);
}

/** The guide is pages of the API, not of the dashboard. */
const GUIDE = `${API_URL}/guide/`;

/** The top bar: navigation, the guide where the API has one, health, and a link to a new experiment. */
export function Nav() {
  const path = usePathname();
  const hasGuide = useHealth().health?.guide ?? false;
  return (
    <header className="sticky top-0 z-30 border-b bg-paper/95 backdrop-blur-sm">
      <div className="mx-auto flex h-14 max-w-page items-center gap-3 px-4 sm:px-6 lg:px-8">
        <Link href="/" className="font-serif text-2xl leading-none text-ink">
          LlmForge
        </Link>
        <nav aria-label="Main" className="hidden items-center lg:flex xl:ml-4 xl:gap-1">
          {pages.map(({ href, label }) => (
            <Link
              key={href}
              href={href}
              aria-current={isCurrent(href, path) ? "page" : undefined}
              className={cn(
                "rounded-full px-2 py-1.5 xl:px-3 transition-colors hover:text-ink",
                isCurrent(href, path) && "bg-line/60 font-medium text-ink",
              )}
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex items-center gap-2">
          {hasGuide && (
            <a href={GUIDE} className="hidden items-center gap-1.5 rounded-full px-2 py-1.5 transition-colors hover:text-ink lg:inline-flex">
              <BookOpen className="size-4" aria-hidden="true" />
              <span className="sr-only xl:not-sr-only">Guide</span>
            </a>
          )}
          <HealthDot />
          <Preferences />
          <IfMayWrite>
            <Button asChild variant="primary" size="sm">
              <Link href="/experiments/new/">
                <Plus aria-hidden="true" />
                <span>
                  New<span className="hidden xl:inline"> experiment</span>
                </span>
              </Link>
            </Button>
          </IfMayWrite>
          <div className="lg:hidden">
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
              {hasGuide && (
                <MenuItem asChild>
                  <a href={GUIDE}>Guide</a>
                </MenuItem>
              )}
            </Menu>
          </div>
        </div>
      </div>
    </header>
  );
}
