import { emptyDraft, type RunDraft } from './run-draft.ts';

const storageKey = 'innkeeper.run-draft';
/** As much as a script may have, and what is around it. */
const maxChars = 1_500_000;

/** What was filled in last in this tab and not started; the empty draft when there is none. */
export function keptDraft(): RunDraft {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null');
    if (typeof kept !== 'object' || kept === null) return emptyDraft;
    // Only fields that are as this version knows them.
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
    // Storage is forbidden, or was changed by hand.
    return emptyDraft;
  }
}

/** Keeps a draft until this tab is closed, so that a reload loses nothing; undefined forgets it. */
export function keepDraft(draft: RunDraft | undefined): void {
  try {
    const text = draft === undefined ? '' : JSON.stringify(draft);
    if (text === '' || text.length > maxChars) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, text);
  } catch {
    // Storage is forbidden or full; then the draft lasts as long as the page.
  }
}
