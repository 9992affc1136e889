import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListAccountsRequest, ListAccountsResponseSchema } from '@innkeeper/contract/agent';
import type { Host } from '../host.ts';
import { parseGroups, parsePasswd } from '../process/parse-accounts.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { PagedList } from './paged-list.ts';

const maxFileBytes = 1024 * 1024;
const maxGroups = 64;
const maxFieldChars = 256;
const accountBytes = 32;

/** The accounts of /etc/passwd with their groups, a page of them. Those of a directory service are not listed. */
export function listAccounts(
  host: Host,
  request: ListAccountsRequest,
): MessageInitShape<typeof ListAccountsResponseSchema> {
  const groups = parseGroups(readTrimmed(host, '/etc/group', maxFileBytes) ?? '');
  const list = new PagedList<ReturnType<typeof parsePasswd>[number] & { readonly key: string }>(request);
  for (const account of parsePasswd(host.files.readText('/etc/passwd', maxFileBytes)))
    list.offer({ ...account, key: account.name });
  const groupsOf = (name: string, own: number): string[] =>
    groups
      .filter(({ gid, members }) => gid === own || members.includes(name))
      .slice(0, maxGroups)
      .map((group) => group.name.slice(0, maxFieldChars));
  const { items, ...rest } = list.finish(
    ({ name, gid, home, shell }) => [cut(name), cut(home), cut(shell), ...groupsOf(name, gid)],
    accountBytes + 2 * maxGroups,
  );
  const accounts = items.map(({ name, uid, gid, home, shell }) => ({
    name: cut(name),
    uid,
    gid,
    home: cut(home),
    shell: cut(shell),
    groups: groupsOf(name, gid),
  }));
  return { accounts, ...rest };
}

function cut(text: string): string {
  return text.slice(0, maxFieldChars);
}
