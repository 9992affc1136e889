import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldRulesOf, rulesOf } from '@innkeeper/contract/rules';
import { privilegeNames } from '../access/privileges.ts';
import { httpRoutes, socketRoutes } from '../edge/route-table.ts';
import { allMethods } from './testing/all-methods.ts';

describe('the privileges that a role or token can be given', () => {
  it('are exactly those that a method, a field of an answer or a route needs', () => {
    const needed = new Set([
      ...allMethods.map((method) => rulesOf(method).privilege),
      ...allMethods.flatMap(({ output }) => output.fields.map((field) => fieldRulesOf(field).privilege)),
      ...[...httpRoutes, ...socketRoutes].map(({ privilege }) => privilege),
    ]);
    for (const open of ['', 'public', 'self']) needed.delete(open);
    assert.deepEqual([...privilegeNames].sort(), [...needed].sort());
  });
});
