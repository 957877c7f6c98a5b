// An MQTT broker, a zigbee2mqtt on it, and the user who has it update three devices.
// Arguments: the port of the broker. Run in the folder that holds data/ and node_modules/.
import {spawn} from "node:child_process";
import {createRequire} from "node:module";
import {createServer} from "node:net";
import {resolve} from "node:path";

const require = createRequire(resolve("node_modules/"));
const Aedes = require("aedes");
const DEVICES = 3;
const UPDATE = "device/ota_update/update";

const broker = new Aedes();
createServer(broker.handle).listen(Number(process.argv[2]), "127.0.0.1");
const host = spawn(process.execPath, [require.resolve("zigbee2mqtt/index.js")], {
    env: {...process.env, ZIGBEE2MQTT_DATA: resolve("data")},
    stdio: ["ignore", "inherit", "inherit"],
});
host.on("exit", () => process.exit(updated.length === DEVICES ? 0 : 1));

const ask = (request, payload) =>
    broker.publish({
        cmd: "publish", qos: 0, retain: false, dup: false,
        topic: `zigbee2mqtt/bridge/request/${request}`, payload: JSON.stringify(payload),
    }, () => {});
const permitting = setInterval(() => ask("permit_join", {time: 254}), 1000); // until it listens
const interviewed = [];
const updated = [];
const PATIENCE = 30; // answers that are no update, before it is given up
let asked = false;
let refused = 0;

const updateNext = () => {
    const next = interviewed.find((address) => !updated.includes(address));
    if (interviewed.length < DEVICES || asked) return;
    asked = true;
    ask(UPDATE, {id: next});
};

broker.on("publish", ({topic, payload}) => {
    if (!topic.startsWith("zigbee2mqtt/bridge/")) return;
    if (topic.endsWith("response/permit_join")) clearInterval(permitting);
    if (topic.endsWith("bridge/event")) {
        const {type, data} = JSON.parse(payload.toString());
        if (type !== "device_interview" || data.status !== "successful") return;
        if (interviewed.includes(data.ieee_address)) return;
        console.log("known", data.ieee_address, data.definition.description);
        interviewed.push(data.ieee_address);
        updateNext();
    }
    if (topic.endsWith(`response/${UPDATE}`)) {
        const {status, data, error} = JSON.parse(payload.toString());
        asked = false;
        if (status === "ok") {
            console.log("updated", data.id, data.to.file_version, data.to.software_build_id);
            updated.push(data.id);
            if (updated.length === DEVICES) host.kill("SIGTERM");
            else updateNext();
        } else {
            console.log("refused", error); // it may be busy with a check of its own
            refused += 1;
            if (refused < PATIENCE) setTimeout(updateNext, 1000);
            else host.kill("SIGTERM");
        }
    }
});
