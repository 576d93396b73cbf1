import { useOwnServer } from "../helpers/ownServer.ts";
import { describeHistories } from "./proof.ts";

const server = useOwnServer();

describeHistories("the past", server.useDatabase(), 12);
