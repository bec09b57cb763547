// Where the API is, if not at this page's own address, such as "https://you-llmforge.hf.space".
// Every page reads this file when it is loaded, so a change needs no build.
globalThis.llmforge = { apiUrl: "" };
