/** A section of a manual page: title and literal text. */
export interface ManSection {
  readonly title: string;
  readonly text: string;
}

/** Generates a manual page in roff from the help of programs. `name` is for example "inn - the command line". */
export function manPage(name: string, section: number, version: string, sections: readonly ManSection[]): string {
  const title = name.split(' ', 1)[0] ?? name;
  const parts = sections.map(({ title: heading, text }) => `.SH ${quote(heading)}\n.nf\n${plain(text)}\n.fi\n`);
  return `.TH ${title.toUpperCase()} ${section} "" "Innkeeper ${version}"\n.SH NAME\n${escapeRoff(name).replace(' - ', ' \\- ')}\n${parts.join('')}`;
}

function plain(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => escapeRoff(line).replace(/^(?=[.'])/, '\\&'))
    .join('\n');
}

function escapeRoff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

function quote(text: string): string {
  return `"${escapeRoff(text).replaceAll('"', '\\(dq')}"`;
}
