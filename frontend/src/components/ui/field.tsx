import type { ComponentProps, ReactNode } from "react";

import { cn } from "@/lib/utils";

const control =
  "w-full min-w-0 rounded-md border border-line bg-paper px-3 text-sm text-ink transition-colors placeholder:text-muted/70 hover:border-muted/50 disabled:opacity-60 aria-invalid:border-bad";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return <input className={cn(control, "h-9", className)} {...props} />;
}

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return <textarea className={cn(control, "py-2 leading-5", className)} {...props} />;
}

/** The browser's own select: keyboard, screen reader and phone support come with it. */
export function Select({ className, ...props }: ComponentProps<"select">) {
  return <select className={cn(control, "h-9 truncate pr-8 pl-2", className)} {...props} />;
}

interface FieldProps {
  label: ReactNode;
  /** `id` of the control. */
  htmlFor: string;
  hint?: ReactNode;
  error?: string;
  children: ReactNode;
  className?: string;
}

/** A control with its label, and below it an error or a hint. */
export function Field({ label, htmlFor, hint, error, children, className }: FieldProps) {
  return (
    <div className={cn("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={htmlFor} className="text-xs font-medium text-ink">
        {label}
      </label>
      {children}
      <Message id={htmlFor} error={error} hint={hint} />
    </div>
  );
}

interface FieldSetProps extends Omit<FieldProps, "htmlFor"> {
  id: string;
}

/** Several controls under one legend. */
export function FieldSet({ label, id, hint, error, children, className }: FieldSetProps) {
  return (
    <fieldset {...describedBy(id, error, hint)} className={cn("flex min-w-0 flex-col gap-1", className)}>
      <legend className="mb-1 text-xs font-medium text-ink">{label}</legend>
      <div className="flex min-h-9 flex-wrap items-center gap-x-5 gap-y-2">{children}</div>
      <Message id={id} error={error} hint={hint} />
    </fieldset>
  );
}

/** The error, or else the hint. */
function Message({ id, error, hint }: Pick<FieldSetProps, "id" | "error" | "hint">) {
  if (error) {
    return (
      <p id={`${id}-error`} className="text-xs text-bad">
        {error}
      </p>
    );
  }
  return (
    hint && (
      <p id={`${id}-hint`} className="text-xs">
        {hint}
      </p>
    )
  );
}

/** The attributes that link a control to the message of its `Field`. */
export function describedBy(id: string, error?: string, hint?: ReactNode) {
  return {
    id,
    "aria-invalid": error ? true : undefined,
    "aria-describedby": error ? `${id}-error` : hint ? `${id}-hint` : undefined,
  };
}
