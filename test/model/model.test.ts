import { useDatabase } from "../helpers/useDatabase.ts";
import { describeHistories } from "./proof.ts";

describeHistories("the past", useDatabase({ installed: true }), 16);
