import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Locator, Page } from "@playwright/test";

const FRAME_MS = 80; // while something moves; a GIF counts in hundredths of a second
const MOVE_FRAMES = 7;
const SCROLL_FRAMES = 6;
const CLICK_MS = 320;
const READABLE_MS = 500; // a picture that is shown so long is looked at
const END_MS = 4_000; // that the GIF waits before it begins again
const LETTERS_A_FRAME = 3;
const LAPSE_PAUSE = 4; // times as long as a picture takes, else pictures would take the time of the model
const CAPTION_PX = 64;
const FPS = 1000 / FRAME_MS;
const POINTER = `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30" viewBox="0 0 24 24"><path d="M5 2.5v17l4.4-4.2 2.9 6.3 3-1.4-2.9-6.1h6.1z" style="fill:var(--color-ink);stroke:var(--color-paper)" stroke-width="1.6" stroke-linejoin="round"/></svg>`;

const FFMPEG = process.env.FFMPEG ?? "ffmpeg";

/** Fails before anything is recorded if ffmpeg is missing. */
export function needFfmpeg() {
  if (spawnSync(FFMPEG, ["-version"]).status === 0) return;
  throw new Error(
    `The film is put together by ffmpeg, and "${FFMPEG}" does not run. Install it (apt-get install ffmpeg, brew install ffmpeg), or set FFMPEG to its path; the Python package imageio-ffmpeg carries one.`,
  );
}

const ease = (share: number) => (share < 0.5 ? 2 * share * share : 1 - (2 - 2 * share) ** 2 / 2);

/**
 * A film made of screenshots, each shown for a time of its own: sharp at any load of the machine, and what
 * takes long in reality takes as long in the film as it is worth. Pointer and caption are drawn into the page.
 */
export class Film {
  private readonly frames: { file: string; ms: number }[] = [];
  private taken = 0;
  private text = "";
  private at = { x: 1000, y: 480 };
  private pressed = false;

  constructor(
    private readonly page: Page,
    private readonly folder: string,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  get seconds(): number {
    return this.frames.reduce((sum, { ms }) => sum + ms, 0) / 1000;
  }

  caption(text: string) {
    this.text = text;
  }

  /** Takes a picture of the page as it is, and shows it for `ms` milliseconds; one to be read is taken when all has loaded. */
  async show(ms = FRAME_MS) {
    if (ms >= READABLE_MS) await this.page.locator(".animate-pulse").first().waitFor({ state: "detached" });
    await this.draw();
    const file = path.join(this.folder, `${String(this.taken++).padStart(4, "0")}.png`);
    await this.page.screenshot({ path: file, animations: "disabled" });
    this.frames.push({ file, ms });
  }

  /** Pictures of the page until `ended`, at most `most` of them, spread evenly: a time lapse of `ms` each. */
  async lapse(ended: () => Promise<boolean>, most: number, ms: number) {
    const first = this.frames.length;
    while (!(await ended())) {
      const began = Date.now();
      await this.show(ms);
      await this.page.waitForTimeout(LAPSE_PAUSE * (Date.now() - began));
    }
    const taken = this.frames.splice(first);
    const step = Math.max(1, taken.length / most);
    this.frames.push(...taken.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step)));
  }

  /** Moves the pointer to the middle of an element, which is scrolled into sight first. */
  async moveTo(target: Locator) {
    await this.scrollTo(target);
    const box = await target.boundingBox();
    if (!box) throw new Error("What the pointer should move to is not on the page.");
    const from = this.at;
    const to = { x: box.x + Math.min(box.width / 2, 180), y: box.y + box.height / 2 };
    for (let step = 1; step <= MOVE_FRAMES; step++) {
      const share = ease(step / MOVE_FRAMES);
      this.at = { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
      await this.page.mouse.move(this.at.x, this.at.y);
      await this.show();
    }
  }

  /** Moves the pointer to an element and presses; `act` is what the press does, if not a click. */
  async press(target: Locator, act: () => Promise<unknown> = () => target.click()) {
    await this.moveTo(target);
    this.pressed = true;
    await this.show(CLICK_MS);
    this.pressed = false;
    await act();
  }

  /** Presses into a field, and writes over what stands in it. */
  async write(field: Locator, text: string) {
    await this.press(field);
    await field.fill("");
    for (let end = 0; end < text.length; ) {
      end = Math.min(text.length, end + LETTERS_A_FRAME);
      await field.fill(text.slice(0, end));
      await this.show();
    }
  }

  /** Scrolls the page until an element is between the top and the caption; `top`: to its upper edge. */
  async scrollTo(target: Locator, top?: number) {
    const offset = await target.evaluate(
      (element, { top, caption }) => {
        const { y, bottom } = element.getBoundingClientRect();
        if (top !== undefined) return y - top;
        const floor = innerHeight - caption - 16;
        return bottom > floor ? Math.min(bottom - floor, y - 80) : Math.min(0, y - 80);
      },
      { top, caption: CAPTION_PX },
    );
    const start = await this.page.evaluate(() => scrollY);
    const most = await this.page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    const end = Math.max(0, Math.min(most, start + offset));
    if (Math.abs(end - start) < 2) return;
    for (let step = 1; step <= SCROLL_FRAMES; step++) {
      await this.page.evaluate((y) => scrollTo({ top: y, behavior: "instant" }), start + (end - start) * ease(step / SCROLL_FRAMES));
      await this.show();
    }
  }

  /** Writes the film as an MP4 and as a GIF of `gifWidth` pixels. */
  save(mp4: string, gif: string, gifWidth: number) {
    const list = path.join(this.folder, "frames.txt");
    const last = this.frames.at(-1)?.file ?? "";
    // ffmpeg wants the last picture twice, else it is not shown for its time.
    writeFileSync(list, `${[...this.frames.map(({ file, ms }) => `file '${file}'\nduration ${ms / 1000}`), `file '${last}'`].join("\n")}\n`);
    const make = (...args: string[]) => execFileSync(FFMPEG, ["-y", "-loglevel", "error", "-f", "concat", "-safe", "0", "-i", list, ...args]);
    make("-vf", `fps=${FPS},format=yuv420p`, "-c:v", "libx264", "-crf", "24", "-movflags", "+faststart", "-t", String(this.seconds), mp4);
    const colours = "split[a][b];[a]palettegen=max_colors=128:stats_mode=full[p];[b][p]paletteuse=dither=none:diff_mode=rectangle";
    make("-vf", `fps=${FPS},mpdecimate=hi=1:lo=1:frac=0,scale=${gifWidth}:-1:flags=lanczos,${colours}`, "-fps_mode", "passthrough", "-final_delay", String(END_MS / 10), gif);
  }

  /** Draws caption and pointer, anew each time, since a page that was left has taken them along. */
  private async draw() {
    await this.page.evaluate(
      ({ text, x, y, pressed, pointer, height }) => {
        const part = (id: string) => {
          const made = document.getElementById(id) ?? document.documentElement.appendChild(document.createElement("div"));
          made.id = id;
          return made;
        };
        const bar = part("film-caption");
        bar.textContent = text;
        bar.style.cssText = `position:fixed;inset:auto 0 0 0;z-index:99998;height:${height}px;display:flex;align-items:center;justify-content:center;background:var(--color-ink);color:var(--color-paper);font:500 25px/1.2 "Inter Variable",sans-serif;pointer-events:none`;
        const arrow = part("film-pointer");
        if (!arrow.firstChild) arrow.innerHTML = pointer;
        arrow.style.cssText = `position:fixed;z-index:99999;left:${x - 6}px;top:${y - 3}px;width:30px;height:30px;pointer-events:none`;
        const ring = part("film-press");
        ring.style.cssText = `position:fixed;z-index:99997;left:${x - 22}px;top:${y - 22}px;width:44px;height:44px;border-radius:50%;background:color-mix(in srgb,var(--color-data-2) 35%,transparent);border:2px solid var(--color-data-2);pointer-events:none;display:${pressed ? "block" : "none"}`;
      },
      { text: this.text, ...this.at, pressed: this.pressed, pointer: POINTER, height: CAPTION_PX },
    );
  }
}
