import { request } from 'node:http';

/** Makes a unary call in binary on a separate connection. Rejects with the response's text unless the status is 200. */
export function postProto(socketPath: string, path: string, body: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/proto' };
    const call = request({ socketPath, method: 'POST', path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${response.statusCode}: ${answer.toString()}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
