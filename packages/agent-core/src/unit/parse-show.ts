/** The output of `systemctl show`: blocks of NAME=value, separated by empty lines. An incomplete last line is dropped. */
export function parseShow(text: string): Record<string, string>[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split(/\n\n+/)
    .map((block) => {
      const fields: Record<string, string> = {};
      for (const line of block.split('\n')) {
        const at = line.indexOf('=');
        if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1);
      }
      return fields;
    })
    .filter((fields) => fields['Id'] !== undefined);
}
