import { emptyDraft, type RunDraft } from './run-draft.ts';

const storageKey = 'innkeeper.run-draft';
/** Enough for the largest script and the other fields. */
const maxChars = 1_500_000;

/** Returns the draft last edited in this tab and not started; the empty draft if there is none. */
export function keptDraft(): RunDraft {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null');
    if (typeof kept !== 'object' || kept === null) return emptyDraft;
    // Keeps only fields with the type that this version expects.
    const good = Object.entries(emptyDraft).filter(([name, value]) => {
      const found = (kept as Readonly<Record<string, unknown>>)[name];
      if (Array.isArray(value)) return Array.isArray(found) && found.every((each) => typeof each === 'string');
      return typeof found === typeof value;
    });
    return {
      ...emptyDraft,
      ...(Object.fromEntries(
        good.map(([name]) => [name, (kept as Record<string, unknown>)[name]]),
      ) as Partial<RunDraft>),
    };
  } catch {
    // Storage is blocked, or was edited by hand.
    return emptyDraft;
  }
}

/** Stores a draft until this tab is closed, so that it survives a reload; undefined deletes it. */
export function keepDraft(draft: RunDraft | undefined): void {
  try {
    const text = draft === undefined ? '' : JSON.stringify(draft);
    if (text === '' || text.length > maxChars) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, text);
  } catch {
    // Storage is blocked or full; the draft is then lost on reload.
  }
}
