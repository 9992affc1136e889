import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import * as control from '@innkeeper/contract/control';
import { isChange } from '@innkeeper/contract/rules';
import { accessCommands } from './pages/settings/access-commands.ts';

const folder = import.meta.dirname;

/** The session of the browser itself, which has no command. */
const ownSession = new Set(['login', 'loginWithLink', 'logout']);

const changes = new Set(
  Object.values(control)
    .flatMap((value) => (typeof value === 'object' && 'kind' in value && value.kind === 'service' ? value.methods : []))
    .filter(isChange)
    .map(({ localName }) => localName),
);

test('every page of the web console that calls a changing method has an inn command', () => {
  const called = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    // The palette does what pages do.
    if (!/\.tsx?$/.test(name) || name.includes('.test.') || name.startsWith('shell/palette/')) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    // The page that uses the file, in its folder or the one above.
    const nearby = [dirname(name), dirname(dirname(name))].flatMap((place) =>
      readdirSync(join(folder, place))
        .filter((each) => /\.tsx?$/.test(each))
        .map((each) => join(folder, place, each)),
    );
    const methods = [...text.matchAll(/\bapi\.\w+\.(\w+)\(/g)].map(([, method = '']) => method);
    const changing = methods.filter((method) => changes.has(method) && !ownSession.has(method));
    for (const method of changing) called.add(method);
    if (changing.length === 0) continue;
    const hasCommand = nearby.some((path) => /`inn [a-z]|\w+Commands?(\.\w+)?\(/.test(readFileSync(path, 'utf8')));
    assert.ok(hasCommand, `${name} calls ${changing.join(', ')} without an inn command`);
  }
  for (const method of ['updateVm', 'createVm', 'setRole', 'updateUser', 'cancelOperation']) {
    assert.ok(called.has(method), `${method} is not called`);
  }
});

test('the inn commands for users, roles and tokens quote what was typed and never contain a password', () => {
  const roles = [
    { role: 'viewer', scope: '*' },
    { role: 'operator', scope: 'tag:a=b c' },
  ];
  assert.equal(
    accessCommands.createUser('eve', roles, true),
    "inn user create eve --role viewer --role 'operator@tag:a=b c' && inn user set eve --password set",
  );
  assert.equal(
    accessCommands.changeUser('eve', roles.slice(0, 1), true),
    'inn user set eve --role viewer --password set',
  );
  assert.equal(
    accessCommands.setRole('', ['vm.view'], "it's"),
    "inn role set NAME --privilege vm.view --description 'it'\\''s'",
  );
  const token = { name: 'ci', privileges: ['*'], scope: '*', allowedCommands: ['/bin/true -x'], lifetimeDays: 30 };
  assert.equal(
    accessCommands.createToken(token),
    "inn token create ci --privilege '*' --allow '/bin/true -x' --days 30",
  );
});
