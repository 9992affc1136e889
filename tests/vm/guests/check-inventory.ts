import assert from 'node:assert/strict';
import { guestShell } from '../guest-shell.ts';
import { innText } from '../inn.ts';

interface Whole {
  readonly hostname?: string;
  readonly kernel?: string;
  readonly cpus?: number;
  readonly memoryBytes?: string;
  readonly disks?: readonly { readonly name: string; readonly sizeBytes?: string; readonly pciAddress?: string }[];
  readonly cards?: readonly { readonly name: string; readonly macAddress?: string }[];
  readonly routes?: readonly { readonly destination: string; readonly interface: string }[];
  readonly packageManager: string;
  readonly packagesMissing?: string;
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  readonly accounts: readonly { readonly name: string; readonly uid?: number }[];
  readonly containerRuntimes: readonly { readonly name: string; readonly missing?: string }[];
}

/** Compares the inventory with what programs in the guest say. */
export async function checkInventory(name: string, options: { readonly dataDirectory: string }): Promise<void> {
  const sh = async (script: string): Promise<string> => (await guestShell(name, script, options)).trim();
  const found = JSON.parse(await innText(['inventory', name, '-o', 'json'], options)) as Whole;
  assert.equal(found.kernel, await sh('uname -r'));
  assert.equal(found.hostname, await sh('uname -n'));
  assert.equal(found.cpus, 2);
  assert.equal(Number(found.memoryBytes) / 1024, Number(await sh("awk '/^MemTotal/{print $2}' /proc/meminfo")));
  const [disk] = found.disks ?? [];
  assert.ok(disk !== undefined, 'no disk');
  assert.equal(Number(disk.sizeBytes) / 512, Number(await sh(`cat /sys/block/${disk.name}/size`)));
  assert.match(disk.pciAddress ?? '', /^[0-9a-f]{4}:/);
  const card = found.cards?.[0]?.name;
  if (card !== undefined) assert.equal(found.cards?.[0]?.macAddress, await sh(`cat /sys/class/net/${card}/address`));
  const routes = Number(await sh('tail -n +2 /proc/net/route | wc -l'));
  assert.equal((found.routes ?? []).filter(({ destination }) => !destination.includes(':')).length, routes);
  const installed = await sh(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own
    "! command -v dpkg-query >/dev/null || dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\\n' | grep ^installed",
  );
  if (installed === '') assert.notEqual(found.packagesMissing, undefined);
  else {
    assert.equal(found.packageManager, 'dpkg');
    const expected = installed.split('\n').map((line) => line.replace('installed ', ''));
    const listed = found.packages.map(({ name: each, version }) => `${each} ${version}`);
    assert.deepEqual(listed.sort(), expected.sort());
  }
  assert.equal(found.accounts.length, Number(await sh('grep -c : /etc/passwd')));
  // Zero is a value, which JSON leaves out as protobuf writes it.
  assert.equal(found.accounts.find((each) => each.name === 'root')?.uid ?? 0, 0);
  assert.ok(found.containerRuntimes.every(({ missing }) => missing !== undefined && missing !== ''));
}
