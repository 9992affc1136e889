import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { FrameSchema } from '@innkeeper/contract/agent';
import { AgentReceiver, encodeFrame, NodeReceiver, openingBytes, portableByteOps as ops } from '@innkeeper/wire';
import { goldenFiles } from './golden-files.ts';

describe('proto/golden/native', () => {
  for (const golden of goldenFiles('native')) {
    const { session, payload } = fromJson(FrameSchema, golden.json as JsonValue);
    const bytes = golden.bytes['frame'] ?? new Uint8Array(0);

    it(`${golden.name} is encoded as recorded`, () => {
      assert.deepEqual(encodeFrame(session, payload, ops), bytes);
    });

    it(`${golden.name} is decoded as recorded`, () => {
      const agent = new AgentReceiver(ops);
      const node = new NodeReceiver(ops);
      node.begin(session);
      if (payload.case === 'hello') {
        assert.deepEqual(
          [...agent.push(new Uint8Array([...new Uint8Array(65_544), ...bytes]))],
          [{ type: 'hello', session, hello: payload.value }],
        );
      } else if (payload.case === 'welcome') {
        assert.deepEqual([...node.push(bytes)], [{ type: 'welcome', welcome: payload.value }]);
      } else {
        agent.push(openingBytes(session, {}, ops));
        assert.equal([...node.push(encodeFrame(session, { case: 'welcome', value: {} }, ops))].length, 1);
        assert.deepEqual([...agent.push(bytes)], [{ type: 'frame', payload }]);
        assert.deepEqual([...node.push(bytes)], [{ type: 'frame', payload }]);
      }
    });
  }
});
