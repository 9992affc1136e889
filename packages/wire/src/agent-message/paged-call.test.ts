import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ListDirectoryRequestLite,
  ListDirectoryResponseLite,
  ListPackagesResponseLite,
} from '@innkeeper/contract/agent-lite';
import { AgentMessageSchema } from '@innkeeper/contract/agent-message';
import {
  ListDirectoryResponseLite as ForeignDirectory,
  ListInstalledSoftwareResponseLite as ForeignSoftware,
} from '@innkeeper/contract/agent-message-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { ByteBudget } from '../byte-budget.ts';
import type { AgentMessageCall, AgentMessageReply } from './reply.ts';
import { translateRequest } from './translate-request.ts';

type Payload = NonNullable<MessageInitShape<typeof AgentMessageSchema>['payload']>;

function callOf(payload: Payload, budgetBytes: number): AgentMessageCall {
  const message = create(AgentMessageSchema, { messageId: 'm', payload });
  const allowance = new ByteBudget(budgetBytes).open();
  const translated = translateRequest(message, { freshId: () => 'f', allowance });
  assert.ok(translated.kind === 'call');
  return translated.call;
}

const names = Array.from({ length: 2500 }, (_, index) => `entry${String(index).padStart(4, '0')}`);

/** The reply after as many calls as it takes, of a folder of 2,500 entries, in pages of at most 600. */
function listed(value: { maxEntries?: number; continuationToken?: string }, budgetBytes = 1 << 20) {
  const pageSizes: number[] = [];
  let call: AgentMessageCall | undefined = callOf(
    { case: 'listDirectory', value: { path: '/d', ...value } },
    budgetBytes,
  );
  for (;;) {
    const [body = new Uint8Array(0)] = [...call.requests()];
    const { pageSize, pageToken } = liteDecode(ListDirectoryRequestLite, body);
    pageSizes.push(pageSize);
    const from = Number(pageToken || '0');
    const end = Math.min(from + Math.min(pageSize, 600), names.length);
    const entries = names.slice(from, end).map((name) => ({ path: `/d/${name}` }));
    const nextPageToken = end === names.length ? '' : String(end);
    call.take(liteEncode(ListDirectoryResponseLite, { entries, nextPageToken, total: BigInt(names.length) }));
    const following: AgentMessageCall | undefined = call.next?.();
    if (following === undefined) break;
    call = following;
  }
  return { ...decoded(call.finish(undefined)), pageSizes };
}

function decoded(reply: AgentMessageReply) {
  const response = liteDecode(ForeignDirectory, Buffer.concat(reply.parts));
  return { response, names: response.entries.map(({ name }) => name), token: response.continuationToken };
}

describe('pagedCall()', () => {
  it('a folder of several pages is one response', () => {
    const whole = listed({});
    assert.deepEqual([whole.names, whole.token, whole.response.totalEntries], [names, '', 2500]);
  });

  it('max_entries ends a list, which goes on at its continuation_token', () => {
    const first = listed({ maxEntries: 1000 });
    assert.deepEqual([first.names, first.token], [names.slice(0, 1000), '1000']);
    assert.deepEqual(first.pageSizes, [1000, 400]);
    const second = listed({ maxEntries: 5000, continuationToken: first.token });
    assert.deepEqual([second.names, second.token], [names.slice(1000), '']);
  });

  it('a folder that does not fit into memory is cut between pages, and no entry is lost', () => {
    const first = listed({}, 40_000);
    assert.ok(first.names.length > 0 && first.names.length < 2500, `${first.names.length}`);
    const rest = listed({ continuationToken: first.token });
    assert.deepEqual([...first.names, ...rest.names], names);
  });

  it('a list whose first page does not fit is an error, also where it goes on', () => {
    assert.throws(() => listed({}, 1000), { reason: 'ANSWER_TOO_LARGE' });
    assert.throws(() => listed({ continuationToken: '600' }, 1000), { reason: 'ANSWER_TOO_LARGE' });
  });

  it('a list without a continuation that does not fit is an error', () => {
    const call = callOf({ case: 'listInstalledSoftware', value: {} }, 1000);
    const packages = names.map((name) => ({ name }));
    assert.throws(() => call.take(liteEncode(ListPackagesResponseLite, { packages, manager: 'apk' })), {
      reason: 'ANSWER_TOO_LARGE',
    });
  });

  it('packages beyond max_entries are counted and not sent', () => {
    const call = callOf({ case: 'listInstalledSoftware', value: { filter: 'ENTRY00', maxEntries: 3 } }, 1 << 20);
    const page = (from: number, nextPageToken: string): Uint8Array =>
      liteEncode(ListPackagesResponseLite, {
        packages: names.slice(from, from + 60).map((name) => ({ name })),
        manager: 'dpkg',
        nextPageToken,
      });
    call.take(page(0, '60'));
    const second = call.next?.();
    second?.take(page(60, ''));
    assert.equal(second?.next?.(), undefined);
    const { software, totalCount } = liteDecode(ForeignSoftware, Buffer.concat(second?.finish(undefined).parts ?? []));
    assert.deepEqual([software.map(({ name }) => name), totalCount], [names.slice(0, 3), 100]);
    assert.equal(software[0]?.packageType, 'deb');
  });
});
