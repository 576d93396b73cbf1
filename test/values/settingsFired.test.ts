import { describeSettings } from "./settings.ts";

describeSettings("fired");
