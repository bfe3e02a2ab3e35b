// A program that ends by an error which carries a secret along: Node's own error about a URL has the URL.
const { HOW, SECRET_URL } = process.env;
const run = () => new URL(SECRET_URL);
if (HOW === 'throw') run();
else if (HOW === 'reject') void Promise.resolve().then(run);
else setTimeout(run, 10);
await new Promise((resolve) => setTimeout(resolve, 1000));
