import type { ReactNode } from "react";

interface PageProps {
  title: ReactNode;
  /** A line below the title. */
  lead?: ReactNode;
  actions?: ReactNode;
  /** Beside the title, such as a button that changes it. */
  titleAction?: ReactNode;
  /** Above the title, such as a link back. */
  above?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: title, lead and actions above its content. */
export function Page({ title, lead, actions, titleAction, above, children }: PageProps) {
  return (
    <>
      <header className="border-b px-4 py-3.5 sm:px-6 lg:px-8">
        {above && <div className="mb-1">{above}</div>}
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
          <div className="min-w-0 flex-1 basis-80">
            <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <h1 className="min-w-0 text-3xl leading-9 [overflow-wrap:anywhere]">{title}</h1>
              {titleAction}
            </div>
            {lead && <div className="mt-0.5 max-w-4xl">{lead}</div>}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
      </header>
      <div className="flex flex-col gap-4 px-4 py-4 sm:px-6 lg:px-8 lg:py-5">{children}</div>
    </>
  );
}
