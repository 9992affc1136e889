import { type JSX, type ReactNode, useSyncExternalStore } from 'react';
import { Icon } from './icon.tsx';

export interface Toast {
  readonly id: string;
  readonly tone: 'ok' | 'bad' | 'busy';
  readonly title: string;
  readonly body?: ReactNode;
}

const shownMs = { ok: 5000, bad: 15_000, busy: 0 } as const;
const maxToasts = 5;

let toasts: readonly Toast[] = [];
const listeners = new Set<() => void>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** Shows a message at the edge, or replaces the one with this id. `busy` ones stay until they are replaced. */
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

export function hideToast(id: string): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  change(toasts.filter((toast) => toast.id !== id));
}

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** The place where toasts appear; they are announced without taking the focus. */
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
          <Icon name={toast.tone === 'ok' ? 'check' : toast.tone === 'bad' ? 'alert' : 'operations'} />
          <div className="grow">
            <div className="toast-title">{toast.title}</div>
            {toast.body}
          </div>
          <button type="button" className="icon-button small" aria-label="Dismiss" onClick={() => hideToast(toast.id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </section>
  );
}
