import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { describe, it } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import {
  ImageService,
  NodeService,
  OperationService,
  OperationState,
  VmService,
  VmState,
} from '@innkeeper/contract/control';
import { createDeferred, silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { Access } from '../access/access.ts';
import { startTestNode, testHost } from '../node/fake/test-node.ts';
import { History } from '../node/history/history.ts';
import { createLocalNode } from '../node/local-node.ts';
import { createRunManager } from '../node/runs/create-run-manager.ts';
import { TerminalManager } from '../node/terminals/terminal-manager.ts';
import { ApiServer } from './api-server.ts';

type Start = Parameters<typeof startTestNode>[2];

async function served(work: (api: Api) => Promise<void>, options?: Start): Promise<void> {
  await using at = await testHost();
  const test = await startTestNode(at.folder, at.host, options);
  const history = new History({ blocks: test.node.context.store.history, log: silentLog });
  using access = new Access({ store: test.node.context.store, log: silentLog });
  const node = createLocalNode(test.node);
  await using runs = createRunManager(node, test.node.context.store, silentLog);
  await using terminals = new TerminalManager({ vms: node.vms, log: silentLog });
  const server = new ApiServer({ node, access, history, runs, terminals, log: silentLog });
  try {
    await server.listen(at.folder.socket);
    await work(new Api(at.folder.socket));
  } finally {
    await server[Symbol.asyncDispose]();
    await history[Symbol.asyncDispose]();
    await test.stop();
  }
}

class Api {
  readonly socketPath: string;
  readonly #transport;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
    this.#transport = createConnectTransport({
      baseUrl: 'http://innkeeper',
      httpVersion: '1.1',
      nodeOptions: { socketPath },
    });
  }

  get vms() {
    return createClient(VmService, this.#transport);
  }

  get images() {
    return createClient(ImageService, this.#transport);
  }

  get operations() {
    return createClient(OperationService, this.#transport);
  }

  get nodes() {
    return createClient(NodeService, this.#transport);
  }

  /** Resolves when an operation has succeeded. */
  async succeed(begun: Promise<{ id: string }>): Promise<void> {
    const { id } = await begun;
    let last: { state: OperationState; errorMessage: string } | undefined;
    for await (const operation of this.operations.watchOperation({ id })) last = operation;
    assert.equal(last?.state, OperationState.SUCCEEDED, last?.errorMessage ?? 'no error message');
  }

  async http(method: string, path: string): Promise<{ response: IncomingMessage; body: string }> {
    const call = request({ socketPath: this.socketPath, method, path, agent: false });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response) body += chunk;
    return { response, body };
  }
}

describe('the API', () => {
  it('the API builds an image, creates, starts, stops and deletes a VM, and notifies watchers', () =>
    served(async (api) => {
      await api.succeed(api.images.buildImage({ kind: 'tiny' }));
      const running = createDeferred<void>();
      const leave = new AbortController();
      const watching = (async () => {
        for await (const { event } of api.vms.watchVms({}, { signal: leave.signal })) {
          if (event.case === 'vm' && event.value.state === VmState.RUNNING) running.resolve();
          if (event.case === 'deletedId') return;
        }
      })();
      await api.succeed(api.vms.createVm({ name: 'one', image: 'tiny', start: true }));
      const made = await api.vms.getVm({ vm: 'one' });
      assert.equal(made.state, VmState.RUNNING);
      assert.equal(made.node, (await api.nodes.getNode({})).id);
      assert.notEqual(made.node, '');
      assert.equal((await api.images.listImages({})).images[0]?.vmCount, 1);
      // A watcher who never saw a VM is not notified of its deletion.
      await running.promise;
      await api.succeed(api.vms.stopVm({ vm: 'one' }));
      await api.succeed(api.vms.deleteVm({ vm: 'one' }));
      await watching;
      leave.abort();
      assert.deepEqual((await api.vms.listVms({})).vms, []);
      assert.ok((await api.vms.listEvents({})).events.some((event) => event.kind === 'vm.running'));
      assert.equal((await api.nodes.getNode({})).accelerator, 'tcg');
      const [node, ...others] = (await api.nodes.listNodes({})).nodes;
      assert.ok(node?.name);
      // Measured for each request.
      const { usage } = node;
      assert.deepEqual([node, others], [{ ...(await api.nodes.getNode({})), usage }, []]);
    }));

  it('errors of the API have code, reason and next step', () =>
    served(async (api) => {
      await assert.rejects(api.vms.getVm({ vm: 'nobody' }), (error) => {
        assert.ok(error instanceof ConnectError);
        assert.equal(error.code, Code.NotFound);
        assert.equal(error.metadata.get('x-innkeeper-reason'), 'VM_NOT_FOUND');
        assert.equal(
          decodeURIComponent(error.metadata.get('x-innkeeper-next-step') ?? ''),
          'List the VMs to see their names.',
        );
        return true;
      });
      const watch = async (): Promise<void> => {
        for await (const _ of api.operations.watchOperation({ id: 'none' }))
          assert.fail('the operation does not exist');
      };
      await assert.rejects(watch(), { code: Code.NotFound });
      await assert.rejects(api.vms.listEvents({ limit: 1001 }), { code: Code.InvalidArgument });
    }));

  it('HTTP routes return errors as JSON with the same reasons', () =>
    served(async (api) => {
      for (const [method, path, status, reason] of [
        ['GET', '/v1/vms/nobody/files?path=/a', 404, 'VM_NOT_FOUND'],
        ['GET', '/nothing', 404, 'UNKNOWN_METHOD'],
        ['POST', '/v1/vms/one/files', 405, 'UNKNOWN_METHOD'],
        ['GET', '/v1/vms/%zz/files', 400, 'INVALID_ARGUMENT'],
      ] as const) {
        const { response, body } = await api.http(method, path);
        assert.deepEqual([response.statusCode, JSON.parse(body).reason], [status, reason], path);
      }
    }));

  it('guest methods and consoles of a VM that is not running are refused', () =>
    served(async (api) => {
      await api.succeed(api.images.buildImage({ kind: 'tiny' }));
      await api.succeed(api.vms.createVm({ name: 'one', image: 'tiny' }));
      const { body } = await api.http('GET', '/v1/vms/one/files?path=/a');
      assert.equal(JSON.parse(body).reason, 'VM_NOT_RUNNING');
      const socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/one/exec`);
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
      assert.equal(response.statusCode, 400);
      socket.on('error', () => undefined);
      socket.terminate();
    }));

  it('a console shows earlier and new output, and accepts input', () =>
    served(
      async (api) => {
        await api.succeed(api.images.buildImage({ kind: 'tiny' }));
        await api.succeed(api.vms.createVm({ name: 'one', image: 'tiny', start: true }));
        const socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/one/console`);
        let text = '';
        socket.on('message', (data) => {
          text += String(data);
        });
        await until(() => text.includes('login:'));
        socket.send(Buffer.from('root'));
        await until(() => text.includes('typed root'));
        const closed = once(socket, 'close');
        await api.succeed(api.vms.killVm({ vm: 'one' }));
        assert.equal((await closed)[0], 1000);
      },
      {
        agents: false,
        driver: {
          boot: () => async (guest) => {
            guest.onConsoleInput((bytes) => guest.print(`typed ${Buffer.from(bytes)}`));
            guest.print('login:');
          },
        },
      },
    ));
});
