import assert from 'node:assert/strict';
import { UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import {
  applyUpdate,
  type Manifest,
  makeUpdateKey,
  signedManifest,
} from '../../../../apps/agent/testing/signed-update.ts';
import type { ConformanceCase } from '../conformance-case.ts';

const needsNative = 'updates of the agent';
const program = Buffer.from('#!/bin/sh\n');
const good = signedManifest(makeUpdateKey(), program, { version: '9.9.9' });

/** The guest is this machine, which trusts no key. What happens where one is trusted: apps/agent/src/update*.test.ts. */
export const updateCases: readonly ConformanceCase[] = [
  {
    title: 'a new agent is refused by a guest that trusts no key, whoever signed it',
    needsNative,
    run: async ({ client }) => {
      await assert.rejects(applyUpdate(client.link, good, program), { reason: 'UPDATE_UNTRUSTED' });
      await assert.rejects(applyUpdate(client.link, { ...good, allowOlder: true }, program), {
        reason: 'UPDATE_UNTRUSTED',
      });
    },
  },
  {
    title: 'an update with missing, malformed or oversized fields, or without a manifest, is refused',
    needsNative,
    run: async ({ client }) => {
      const changes: Partial<Manifest>[] = [
        { version: '' },
        { version: '../../9' },
        { version: '9 9' },
        { version: `9.${'9'.repeat(39)}` },
        { size: 0n },
        { size: 32n * 1024n * 1024n + 1n },
        { size: 2n ** 63n },
        { sha256: new Uint8Array(31) },
        { signature: new Uint8Array(0) },
        { signature: new Uint8Array(65) },
        { confirmWithinSeconds: 4 },
        { confirmWithinSeconds: 601 },
      ];
      for (const change of changes)
        await assert.rejects(applyUpdate(client.link, { ...good, ...change }, program), { reason: 'INVALID_ARGUMENT' });
      async function* onlyData() {
        yield { input: { case: 'data' as const, value: program } };
      }
      const answers = client.link.stream(UpdateServiceLite.apply, onlyData());
      await assert.rejects(answers.next(), { reason: 'INVALID_ARGUMENT' });
    },
  },
  {
    title: 'an agent that is not on trial cannot be confirmed as another one',
    needsNative,
    run: async ({ client }) => {
      for (const sha256 of [new Uint8Array(0), good.sha256, new Uint8Array(40_000)])
        await assert.rejects(client.link.call(UpdateServiceLite.confirm, { sha256 }), { reason: 'UPDATE_ROLLED_BACK' });
    },
  },
];
