import { describeSettings } from "./settings.ts";

describeSettings("plain");
