// Interviews what is near the dongle and prints one line for each device.
// Arguments: how many there are.
import {mkdtempSync} from "node:fs";
import {Controller, setLogger} from "zigbee-herdsman";

const quiet = () => {};
setLogger({debug: quiet, info: quiet, warning: quiet, error: quiet});
const folder = mkdtempSync("herdsman-");
const controller = new Controller({
    network: {
        panID: 0x1a62,
        extendedPanID: [1, 2, 3, 4, 5, 6, 7, 8],
        channelList: [15],
        networkKey: Array.from({length: 16}, (_, number) => number),
    },
    serialPort: {path: "./virtual-dongle", adapter: "ember"},
    databasePath: `${folder}/database.db`,
    databaseBackupPath: `${folder}/database.db.backup`,
    backupPath: `${folder}/coordinator_backup.json`,
    adapter: {},
});
const ended = new Set();
controller.on("deviceInterview", ({status, device}) => {
    if (status === "started" || ended.has(device.ieeeAddr)) return;
    ended.add(device.ieeeAddr);
    console.log([device.modelID, device.type, device.powerSource].join("|"));
});
await controller.start();
await controller.permitJoin(254);
const permitting = setInterval(() => controller.permitJoin(254), 200_000);
while (ended.size < Number(process.argv[2])) await new Promise((done) => setTimeout(done, 100));
clearInterval(permitting);
await controller.stop();
