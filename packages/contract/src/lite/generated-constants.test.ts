import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DescFile } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import * as agent from '../agent.ts';
import * as agentLite from '../agent-lite.ts';
import * as agentTags from '../agent-tags.ts';
import * as agentMessageLite from '../gen/compat/agent_lite.ts';
import { file_compat_agent } from '../gen/compat/agent_pb.ts';
import * as agentMessageTags from '../gen/compat/agent_tags.ts';

const files = Object.entries(agent).flatMap(([name, value]) => (name.startsWith('file_') ? [value as DescFile] : []));
const both = [
  ...files.map((file) => ({ file, tables: agentLite as object, tags: agentTags as object })),
  { file: file_compat_agent, tables: agentMessageLite as object, tags: agentMessageTags as object },
];

describe('constants for the agent', () => {
  it('the agent’s generated enums have the same names and numbers as in protobuf-es', () => {
    const enums = both.flatMap(({ file, tables }) => file.enums.map((each) => ({ each, tables })));
    assert.ok(enums.length >= 14);
    for (const { each, tables } of enums) {
      const expected = Object.fromEntries(each.values.map(({ localName, number }) => [localName, number]));
      assert.deepEqual((tables as Record<string, unknown>)[each.name], expected, each.typeName);
    }
  });

  it('the agent’s generated tags cover every field of its schemas under distinct names', () => {
    const fields = both.flatMap(({ file }) => file.messages.flatMap((message) => message.fields)).length;
    const names = [agentTags, agentMessageTags].flatMap((tags) =>
      Object.keys(tags).filter((name) => /Tag$/.test(name)),
    );
    assert.equal(names.length, fields);
  });

  it('a frame written with the agent’s generated tags has the same bytes as from protobuf-es', () => {
    const frame = create(agent.FrameSchema, {
      session: Uint8Array.of(1),
      payload: { case: 'call', value: { id: 1 } },
      crc32c: 1,
    });
    const bytes = toBinary(agent.FrameSchema, frame);
    const { frameSessionTagLow, frameSessionTagHigh, frameCallTagLow, frameCallTagHigh } = agentTags;
    assert.deepEqual([...bytes.subarray(0, 2)], [frameSessionTagLow, frameSessionTagHigh]);
    assert.deepEqual([...bytes.subarray(4, 6)], [frameCallTagLow, frameCallTagHigh]);
    const { frameCrc32cFieldBytes, frameCrc32cTag } = agentTags;
    const last = new BinaryReader(bytes.subarray(bytes.length - frameCrc32cFieldBytes));
    assert.equal(last.uint32(), frameCrc32cTag);
  });
});
