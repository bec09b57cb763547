import { PassageItem } from "@/components/retrieval/passage";
import { describeRetrieved, markAnswers, type Passage } from "@/components/retrieval/passage-prepare";

interface RetrievedProps {
  passages: Passage[];
  /** The accepted answers, which are marked in the passages. */
  gold: string[];
}

/** The passages that were retrieved for a question. */
export function Retrieved({ passages, gold }: RetrievedProps) {
  const marked = markAnswers(passages, gold);
  return (
    <section aria-label="Retrieved passages" className="min-w-0 rounded-md border">
      <header className="border-b bg-line/30 px-3 py-1.5">
        <h3 className="font-sans text-xs font-medium">Retrieved passages</h3>
        <p className="text-xs">{describeRetrieved(marked, gold)}</p>
      </header>
      {marked.length > 0 && (
        <ol className="divide-y">
          {marked.map((one, index) => (
            <li key={one.passage.id}>
              <PassageItem marked={one} rank={index + 1} answers />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
