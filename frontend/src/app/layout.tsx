import "./globals.css";

import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";

import { EndingNotices } from "@/components/layout/ending-notices";
import { KeyGate } from "@/components/layout/key-gate";
import { Nav } from "@/components/layout/nav";
import { Notices } from "@/components/layout/outage";
import { Providers } from "@/components/layout/providers";

export const metadata: Metadata = {
  title: { default: "LlmForge", template: "%s · LlmForge" },
  description: "Choose how to use a language model, with evidence.",
};

export const viewport: Viewport = { width: "device-width", initialScale: 1 };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // The script sets an attribute that the server does not know.
    <html lang="en" suppressHydrationWarning>
      <head>
        <script src="/theme.js" />
      </head>
      <body>
        <Providers>
          <a
            href="#main"
            className="absolute left-2 z-50 -translate-y-16 rounded-md bg-ink px-3 py-1.5 text-paper focus:translate-y-2"
          >
            Skip to the content
          </a>
          <Nav />
          <Notices />
          <main id="main" className="mx-auto min-h-[calc(100dvh-3.5rem-1px)] max-w-page lg:border-x">
            {children}
          </main>
          <KeyGate />
          <EndingNotices />
        </Providers>
      </body>
    </html>
  );
}
