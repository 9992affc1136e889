import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type Vm, VmSchema, VmState } from '@innkeeper/contract/control';
import { paletteEntries } from './palette-entries.ts';
import { readQuery } from './read-query.ts';

const web = create(VmSchema, { id: 'w', name: 'web-1', state: VmState.RUNNING });
const db = create(VmSchema, { id: 'd', name: 'db', state: VmState.STOPPED });
const all = (): boolean => true;

/** The VMs that the daemon would find for the query. */
const found = (query: string): Vm[] => [web, db].filter((vm) => vm.name.includes(readQuery(query).name));
const labels = (query: string, may: (privilege: string) => boolean = all, here?: string): string[] =>
  paletteEntries({ query, vms: found(query), here, may }).map(({ label }) => label);

describe('the palette', () => {
  it('"stop web-1" is the first entry for that text, and stops the VM', () => {
    const [first] = paletteEntries({ query: 'stop web-1', vms: found('stop web-1'), here: undefined, may: all });
    assert.equal(first?.label, 'Stop web-1');
    assert.deepEqual(first?.act, { kind: 'power', action: 'stop', vm: web });
    for (const text of ['sto web', 'web-1 stop', 'SHUTDOWN web-1', 'Stop   WEB-1'])
      assert.equal(labels(text)[0], 'Stop web-1', text);
  });

  it('"terminal web-1" opens the terminal, and so for every tab of a VM', () => {
    const path = (query: string) => paletteEntries({ query, vms: found(query), here: undefined, may: all })[0]?.path;
    assert.equal(path('terminal web-1'), '/vms/web-1/terminal');
    assert.equal(path('web-1 term'), '/vms/web-1/terminal');
    for (const tab of ['console', 'files', 'processes', 'services', 'inventory', 'logs', 'metrics', 'agent', 'events'])
      assert.equal(path(`${tab} web-1`), `/vms/web-1/${tab}`);
    assert.match(path('run web-1') ?? '', /^\/runs\/new\?.*web-1/);
  });

  it('the palette offers only what the state of a VM and the privileges of the user allow', () => {
    assert.deepEqual(labels('stop'), ['Stop web-1']);
    assert.deepEqual(labels('start db'), ['Start db']);
    assert.deepEqual(labels('stop db'), []);
    const viewer = (privilege: string): boolean => privilege === 'vm.view';
    assert.deepEqual(labels('stop web-1', viewer), []);
    assert.deepEqual(labels('terminal web-1', viewer), []);
    assert.ok(!labels('', viewer).includes('Create a VM'));
  });

  it('the palette offers no VM that only an earlier query found, and the VM named in full first', () => {
    const entries = (query: string, vms: Vm[]): string[] =>
      paletteEntries({ query, vms, here: 'web-1', may: all }).map(({ label }) => label);
    assert.equal(entries('dark', [web, db])[0], 'Use dark colours');
    assert.deepEqual(entries('stop db-7', [web, db]), []);
    const longer = create(VmSchema, { id: 'o', name: 'old-web-1', state: VmState.RUNNING });
    assert.equal(entries('stop web-1', [longer, web])[0], 'Stop web-1');
  });

  it('a VM named in full is followed by everything that can be done with it', () => {
    assert.deepEqual(labels('web-1').slice(0, 3), ['web-1', 'Stop web-1', 'Restart web-1']);
  });

  it('settings, images, nodes and the theme are found', () => {
    assert.ok(labels('settings').includes('Settings: Tokens'));
    assert.deepEqual(labels('tokens'), ['Settings: Tokens']);
    assert.equal(labels('images')[0], 'Images');
    assert.ok(labels('image').includes('Build the image tiny'));
    assert.equal(labels('node')[0], 'Node');
    assert.deepEqual(labels('theme'), ['Use dark colours', 'Use light colours', 'Use the system’s colours']);
    assert.equal(labels('dark')[0], 'Use dark colours');
    assert.equal(labels('log out')[0], 'Log out');
  });

  it('without a text the palette lists pages, VMs, and a run on the VM of the open page', () => {
    assert.equal(labels('', all, 'web-1')[0], 'Run a script on web-1');
    assert.ok(labels('').includes('Virtual machines'));
    assert.ok(labels('').includes('db'));
  });
});
