import { cleanText } from '@innkeeper/kit';
import { openOptions } from '../file/open-options.ts';
import type { Host } from '../host.ts';
import { UserSampler } from '../telemetry/sample-users.ts';

const maxTerminals = 256;

/** Writes lines to the terminals of the guest, as wall(1) does: logins', and those of `inn shell` and the like. */
export function tellUsers(host: Host, ...lines: readonly string[]): void {
  const names = new Set<string>();
  for (const { terminal } of new UserSampler(host).sample().users) if (/^tty\w+$/.test(terminal)) names.add(terminal);
  try {
    for (const name of host.files.readDirectory('/dev/pts', maxTerminals))
      if (/^\d+$/.test(name)) names.add(`pts/${name}`);
  } catch {
    // ENOENT: there are none.
  }
  const text = ['', ...lines, ''].map((line) => cleanText(line)).join('\r\n');
  const bytes = new TextEncoder().encode(`\u0007${text}`);
  for (const name of names) {
    try {
      const file = host.files.open(
        `/dev/${name}`,
        openOptions({ access: 'write', nonBlocking: true, noSymlinks: true }),
      );
      try {
        if (host.files.statHandle(file).type === 'character') host.files.writeNext(file, bytes);
      } finally {
        file.close();
      }
    } catch {
      // It was closed meanwhile, or nobody reads it.
    }
  }
}
