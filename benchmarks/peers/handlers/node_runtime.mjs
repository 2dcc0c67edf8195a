// A minimal client of Lambda's Runtime API. AWS's own client (aws-lambda-ric) must be compiled, with cmake and curl's
// sources. This client does the same work: it imports the handler, takes one event after another and posts each answer.

import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const { LAMBDA_TASK_ROOT: folder, _HANDLER } = process.env;

function call(method, path, value) {
  const body = value === undefined ? undefined : JSON.stringify(value);
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host, port, method, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

const told = (error) => ({ errorType: error.name, errorMessage: error.message, stackTrace: [String(error.stack)] });

let handler;
try {
  const [file, name] = _HANDLER.split(".");
  handler = (await import(`${folder}/${file}.mjs`))[name];
} catch (error) {
  console.error(error);
  await call("POST", "init/error", told(error));
  process.exit(1);
}

for (;;) {
  const { headers, text } = await call("GET", "invocation/next");
  const id = headers["lambda-runtime-aws-request-id"];
  try {
    const answer = await handler(JSON.parse(text), { awsRequestId: id });
    await call("POST", `invocation/${id}/response`, answer ?? null);
  } catch (error) {
    await call("POST", `invocation/${id}/error`, told(error));
  }
}
