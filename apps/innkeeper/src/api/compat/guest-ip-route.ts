import type { HttpApiContext } from '../api-context.ts';
import { answerJson } from './execute-route.ts';
import { JsonBody } from './json-body.ts';

/** POST /v1/vms/{vm}/guest-ip: a guest reports its address, with a token for only this VM. */
export async function guestIpRoute({ vm, call, request, response, signal }: HttpApiContext): Promise<void> {
  const address = (await JsonBody.read(request, signal)).text('guestIp');
  call.note({ address });
  await call.intend();
  vm.reportAddress(address);
  answerJson(response, { ok: true });
}
