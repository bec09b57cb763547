"use client";

import { Play } from "lucide-react";
import { useRouter } from "next/navigation";

import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { experimentHref, useCreateExperiment } from "@/lib/api/mutations";
import { plural } from "@/lib/format";

import { demo } from "./demo";

const steps = [
  ["Configure", "A model, a method, questions with known answers, and a seed."],
  ["Run", "Every call is logged; an interrupted experiment resumes where it stopped."],
  ["Analyse", "Scores with intervals, every wrong answer with its prompt, and comparisons on the same questions."],
] as const;

/** The first visit: what the platform is for, and a button that runs the demo. */
export function Start() {
  const router = useRouter();
  const create = useCreateExperiment();
  const questions = demo.config.dataset.n ?? 0;
  return (
    <section className="overflow-hidden rounded-lg border">
      <div className="flex flex-col items-start gap-4 px-6 py-8">
        <h2 className="max-w-xl text-3xl leading-9">Which way of using a language model is better for your questions?</h2>
        <p className="max-w-xl">
          Start with the bundled model: it answers {plural(questions, "trivia question")} on this machine, without an
          account or a key.
        </p>
        <div className="flex flex-wrap gap-2">
          <Button
            variant="primary"
            disabled={create.isPending || create.isSuccess}
            onClick={() =>
              create.mutate({ body: demo, run: true }, { onSuccess: ({ id }) => router.push(experimentHref(id)) })
            }
          >
            <Play aria-hidden="true" />
            Run the demo experiment
          </Button>
          <Button asChild>
            <Link href="/experiments/new/">Create your own</Link>
          </Button>
        </div>
        {create.error && (
          <p role="alert" className="text-bad">
            {create.error.message}
          </p>
        )}
      </div>
      <ol className="grid border-t sm:grid-cols-3">
        {steps.map(([title, text], index) => (
          <li key={title} className="-mt-px -ml-px border-t border-l px-6 py-4">
            <p className="font-serif text-lg text-ink">
              {index + 1}. {title}
            </p>
            <p className="text-xs">{text}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
