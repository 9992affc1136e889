import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DescMessage } from '@bufbuild/protobuf';
import { FieldRulesSchema, MethodRulesSchema } from '../../packages/contract/src/gen/options/v1/options_pb.ts';
import { readTracked } from './source-files.ts';

/** The reader of each option of `proto/options/v1`, and the word by which it reads it. Every option must have one. */
const readers: Readonly<Record<string, readonly [file: string, word: RegExp]>> = {
  'MethodRules.privilege': ['apps/innkeeper/src/edge/api-interceptors.ts', /\bprivilege\b.* = rulesOf\(/],
  'MethodRules.subject': ['apps/innkeeper/src/edge/method-target.ts', /switch \(subject\)/],
  'MethodRules.audit': ['packages/contract/src/rules/method-rules.ts', /audit !== Audit\.CALL/],
  'MethodRules.action': ['packages/contract/src/rules/method-rules.ts', /action === ''/],
  'MethodRules.command': ['apps/innkeeper/src/edge/api-interceptors.ts', /CommandRule\.REQUEST/],
  'MethodRules.while_frozen': ['packages/agent-core/src/dispatch.ts', /method\.whileFrozen/],
  'MethodRules.on_disconnect': ['packages/agent-core/src/dispatch.ts', /method\.onDisconnect/],
  'MethodRules.capability': ['packages/agent-client/src/links/native/unary.ts', /includes\(method\.capability\)/],
  'MethodRules.timeout_seconds': ['packages/agent-client/src/links/native/unary.ts', /method\.timeoutMs/],
  'FieldRules.audit': ['apps/innkeeper/src/audit/redact.ts', /fieldRulesOf\(/],
  'FieldRules.command': ['packages/contract/src/rules/requested-command.ts', /fieldRulesOf\(field\)\.command/],
  'FieldRules.owned_id': ['packages/contract/src/rules/requested-command.ts', /fieldRulesOf\(field\)\.ownedId/],
  'FieldRules.privilege': ['apps/innkeeper/src/access/withhold.ts', /privilege \} = fieldRulesOf\(field\)/],
};

describe('options of methods and fields', () => {
  it('every option of methods and fields has a reader', () => {
    const names = ({ name, fields }: DescMessage): string[] => fields.map((field) => `${name}.${field.name}`);
    assert.deepEqual(Object.keys(readers), [...names(MethodRulesSchema), ...names(FieldRulesSchema)]);
    for (const [option, [file, word]] of Object.entries(readers))
      assert.match(readTracked(file), word, `${file} does not read ${option}`);
  });
});
