'use strict';

// Microsoft's clients of the classic management protocol, driven from outside: one call in a line of JSON on standard
// input, its outcome in a line on standard output. Arguments: the folder of the modules, the endpoint, the
// subscription, a PEM file with certificate and key.

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [modules, endpoint, subscriptionId, pemFile] = process.argv.slice(2);
const [management, compute, storage] = ['azure-asm-mgmt', 'azure-asm-compute', 'azure-asm-storage'].map((name) =>
  require(path.join(modules, name))
);
const credentials = management.createCertificateCloudCredentials({
  subscriptionId,
  pem: fs.readFileSync(pemFile, 'utf8'),
});
const clients = {
  management: management.createManagementClient(credentials, endpoint),
  compute: compute.createComputeManagementClient(credentials, endpoint),
  storage: storage.createStorageManagementClient(credentials, endpoint),
};
for (const client of Object.values(clients)) {
  client.longRunningOperationInitialTimeout = 0; // else they wait 30 seconds before they ask for the first time
  client.longRunningOperationRetryTimeout = 0.1;
}

// JSON has neither octets nor moments: {"octets": Base-64} and {"moment": ISO 8601} stand for them.
function revive(_key, value) {
  if (value !== null && typeof value === 'object') {
    if (typeof value.octets === 'string') return Buffer.from(value.octets, 'base64');
    if (typeof value.moment === 'string') return new Date(value.moment);
  }
  return value;
}

function tell(id, error, result) {
  const { statusCode, code, message } = error || {};
  const outcome = error ? { error: { statusCode, code: code || (error.error || {}).code, message } } : { result };
  process.stdout.write(`${JSON.stringify({ id, ...outcome })}\n`);
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, call, args } = JSON.parse(line, revive);
  const names = call.split('.');
  const method = names.pop();
  const target = names.slice(1).reduce((part, name) => part[name], clients[names[0]]);
  const stream = target[method](...args, (error, result) => tell(id, error, result));
  if (/^re(boot|image)/.test(method)) stream.end(); // these send no body, and wait to be piped one
});
