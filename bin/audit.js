#!/usr/bin/env node
import { processIo } from "../dist/io.js";
import { main } from "../dist/main.js";

// exitCode instead of exit(): what is still on its way to a pipe must arrive.
process.exitCode = await main(process.argv.slice(2), processIo());
