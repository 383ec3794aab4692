// Encrypts or decrypts what standard input asks for, one JSON object a line, with the reference implementation.
'use strict';

const path = require('path');
const readline = require('readline');

const ece = require(path.join(process.argv[2], 'http_ece'));

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line);
  const data = Buffer.from(asked.data, 'base64');
  const parameters = { version: 'aes128gcm', key: Buffer.from(asked.key, 'base64') };
  let done;
  try {
    done = asked.salt
      ? ece.encrypt(data, { ...parameters, salt: Buffer.from(asked.salt, 'base64'), rs: asked.rs, keyid: '' })
      : ece.decrypt(data, parameters);
    console.log(JSON.stringify({ data: done.toString('base64') }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }
});
