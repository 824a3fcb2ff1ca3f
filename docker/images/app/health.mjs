/** Healthy: the app says that it is ready. */
const { status } = await fetch(`http://127.0.0.1:${process.env.MILLRACE_HTTP_PORT}/health/ready`).catch((error) => ({
  status: error.message,
}));
process.exitCode = status === 200 ? 0 : 1;
