// A function that does nothing. Its time is the time of the runtime itself.

export const handler = async () => ({});
