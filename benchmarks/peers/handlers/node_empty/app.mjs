// A function that does nothing: what the runtime itself takes.

export const handler = async () => ({});
