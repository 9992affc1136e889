import type { HttpExchange } from '../exchange.ts';
import { answerJson } from './execute-route.ts';
import { JsonBody } from './json-body.ts';

/** POST /v1/vms/{vm}/guest-ip: a guest reports its address, with a token for only this VM. */
export async function guestIpRoute({ vm, pass, request, response, signal }: HttpExchange): Promise<void> {
  const address = (await JsonBody.read(request, signal)).text('guestIp');
  pass.note({ address });
  await pass.intend();
  vm.reportAddress(address);
  answerJson(response, { ok: true });
}
