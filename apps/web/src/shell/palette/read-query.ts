import { type VmVerb, vmVerbs } from './vm-verbs.ts';

export interface PaletteQuery {
  /** The actions that the text may mean: each that begins with the word typed. Empty: the text is a name. */
  readonly verbs: readonly VmVerb[];
  /** The words that are not an action. */
  readonly name: string;
}

/** Reads "stop web-1", "web-1 term" and "stop": an action in front or at the end, and the name of a VM. */
export function readQuery(text: string): PaletteQuery {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const [first = '', ...rest] = words;
  const last = words.at(-1) ?? '';
  const front = verbsOf(first);
  if (front.length > 0) {
    // "run a script on web-1" has words of the label before the name.
    const ofLabel = front.flatMap(({ label }) => label.toLowerCase().split(' '));
    return { verbs: front, name: rest.filter((word) => !ofLabel.includes(word)).join(' ') };
  }
  const back = words.length > 1 ? verbsOf(last) : [];
  return back.length > 0 ? { verbs: back, name: words.slice(0, -1).join(' ') } : { verbs: [], name: words.join(' ') };
}

/** The VM whose page is open. */
export function vmOfAddress(pathname: string): string | undefined {
  const [, area, name] = pathname.split('/');
  return area === 'vms' && name !== undefined && name !== '' && name !== 'new' ? decodeURIComponent(name) : undefined;
}

/** One letter would mean too many. */
function verbsOf(word: string): VmVerb[] {
  return word.length < 2 ? [] : vmVerbs.filter(({ words }) => words.some((each) => each.startsWith(word)));
}
