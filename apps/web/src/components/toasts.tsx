import { toOperationError } from '@innkeeper/client/browser';
import { type JSX, type ReactNode, useSyncExternalStore } from 'react';
import { Icon } from './icon.tsx';

export interface Toast {
  readonly id: string;
  readonly tone: 'ok' | 'bad' | 'busy';
  /** What happened, to what: "web-1 was not started". */
  readonly title: string;
  readonly body?: ReactNode;
  /** Why it failed; shown with its next step. */
  readonly error?: unknown;
}

const shownMs = { ok: 5000, bad: 15_000, busy: 0 } as const;
const maxToasts = 5;

let toasts: readonly Toast[] = [];
const listeners = new Set<() => void>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** Shows a toast, or replaces the one with the same id. A `busy` toast stays until it is replaced or dismissed. */
export function showToast(toast: Toast): void {
  const others = toasts.filter(({ id }) => id !== toast.id);
  change([...others, toast].slice(-maxToasts));
  clearTimeout(timers.get(toast.id));
  const wait = shownMs[toast.tone];
  if (wait > 0)
    timers.set(
      toast.id,
      setTimeout(() => hideToast(toast.id), wait),
    );
}

function hideToast(id: string): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  change(toasts.filter((toast) => toast.id !== id));
}

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Container of the toasts; they are announced without moving the focus. */
export function ToastArea(): JSX.Element {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={`toast ${toast.tone}`}>
          <Icon name={toast.tone === 'ok' ? 'check' : toast.tone === 'bad' ? 'alert' : 'busy'} />
          <div className="grow">
            <div className="toast-title">{toast.title}</div>
            {toast.body}
            {toast.error !== undefined && <ErrorText error={toast.error} />}
          </div>
          <button type="button" className="icon-button small" aria-label="Dismiss" onClick={() => hideToast(toast.id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </section>
  );
}

function ErrorText({ error }: { readonly error: unknown }): JSX.Element {
  const { message, nextStep } = toOperationError(error);
  return (
    <>
      <div>{message}</div>
      {nextStep !== '' && <div className="dim">{nextStep}</div>}
    </>
  );
}
