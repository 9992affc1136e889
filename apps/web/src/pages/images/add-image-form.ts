import { nameProblem } from '../vms/create-vm-form.ts';

/** The form of a new image, from a file or a URL. */
export interface AddImageForm {
  readonly name: string;
  readonly file: File | null;
  readonly url: string;
  /** Hex; empty: not checked. */
  readonly sha256: string;
}

export type ImageSourceKind = 'file' | 'url';

export type AddImageErrors = Partial<Record<keyof AddImageForm, string>>;

/** A file's name as the name of an image, as `inn image add` does it. */
export function imageNameOf(file: string): string {
  return file
    .replace(/\.(raw|img|qcow2)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
}

/** The last part of a URL's path; empty if it is not a URL. */
export function fileOfUrl(url: string): string {
  return URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? '') : '';
}

/** Why each field is invalid; empty if the image can be added. `taken`: names of images that exist. */
export function addImageProblems(
  { name, file, url, sha256 }: AddImageForm,
  kind: ImageSourceKind,
  taken: readonly string[],
): AddImageErrors {
  const problems: Record<keyof AddImageForm, string | undefined> = {
    name: nameProblem(name) ?? (taken.includes(name) ? `There is already an image “${name}”.` : undefined),
    file: kind === 'file' && file === null ? 'Choose a file.' : undefined,
    url: kind === 'url' ? urlProblem(url) : undefined,
    sha256: sha256 === '' || /^[0-9a-f]{64}$/i.test(sha256.trim()) ? undefined : 'A SHA-256 has 64 hexadecimal digits.',
  };
  return Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem !== undefined));
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'Enter a URL.';
  return /^https?:\/\//i.test(url) && URL.canParse(url) ? undefined : 'Only http and https URLs can be downloaded.';
}
