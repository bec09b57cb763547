import { ChevronDown } from "lucide-react";
import { useId, useState } from "react";

import { ShortText } from "@/components/text/long-text";
import { beginning, FOLDED } from "@/lib/long-text";
import { cn } from "@/lib/utils";

import { type Article, describeArticle } from "./prepare";

/** Characters of a section in a row. */
const SHOWN = 400;

/** The title of an article; it opens to its sections. */
export function ArticleRow({ article }: { article: Article }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        className="grid w-full grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-2.5 text-left -outline-offset-2 transition-colors hover:bg-line/25 sm:grid-cols-[minmax(0,1fr)_auto_auto]"
      >
        <span className="min-w-0">
          <span dir="auto" className="block truncate font-medium text-ink">{article.title || article.key}</span>
          <span dir="auto" className="block truncate text-xs">{beginning(article.sections[0]?.text ?? "", SHOWN)}</span>
        </span>
        <span className="num hidden text-xs whitespace-nowrap sm:block">{describeArticle(article)}</span>
        <ChevronDown aria-hidden="true" className={cn("size-4 shrink-0 transition-transform", open && "rotate-180")} />
      </button>
      {open && (
        <div id={id} className="flex max-w-3xl flex-col gap-3 px-4 pt-1 pb-4">
          <p className="num text-xs [overflow-wrap:anywhere]">
            <span className="font-mono">{article.key}</span>
            <span className="sm:hidden"> · {describeArticle(article)}</span>
          </p>
          {article.sections.map(({ heading, text }, index) => (
            <section key={index}>
              {heading && <h3 dir="auto" className="text-lg leading-6 [overflow-wrap:anywhere]">{heading}</h3>}
              <p dir="auto" className="[overflow-wrap:anywhere] whitespace-pre-line text-ink">
                <ShortText limit={FOLDED}>{text}</ShortText>
              </p>
            </section>
          ))}
        </div>
      )}
    </li>
  );
}
