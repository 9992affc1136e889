import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { withoutOptions } from './lean-contract.ts';

const generated = join(import.meta.dirname, '..', '..', 'packages', 'contract', 'src', 'gen', 'control', 'v1');

function descriptorIn(source: string): FileDescriptorProto {
  const encoded = /fileDesc\(\s*["']([^"']+)["']/.exec(source)?.[1];
  assert.ok(encoded !== undefined);
  return fromBinary(FileDescriptorProtoSchema, base64Decode(encoded));
}

describe('the contract in the web console', () => {
  const source = readFileSync(join(generated, 'vm_pb.ts'), 'utf8');

  it('the console’s contract has every message, field and method, without options that only the daemon reads', () => {
    const [before, after] = [descriptorIn(source), descriptorIn(withoutOptions(source))];
    const shape = ({ messageType, service }: FileDescriptorProto) => [
      messageType.map(({ name, field }) => [name, field.map(({ name: each, number, type }) => [each, number, type])]),
      service.map(({ name, method }) => [name, method.map(({ name: each, inputType }) => [each, inputType])]),
    ];
    assert.deepEqual(shape(after), shape(before));
    assert.ok(before.service[0]?.method.every(({ options }) => options !== undefined));
    assert.ok(after.service[0]?.method.every(({ options }) => options === undefined));
  });

  it('leanContract() changes nothing else in a generated file', () => {
    const after = withoutOptions(source);
    assert.equal(after.split('\n').length, source.split('\n').length);
    assert.equal(withoutOptions(after), after);
  });
});
