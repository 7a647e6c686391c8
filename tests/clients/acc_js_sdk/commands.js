// SPDX-License-Identifier: MIT
// The JavaScript client, driven by lines: ["command", argument...] as JSON in, {result} or
// {error} as JSON out.  A command is what a program would write; nothing is done around the
// client but to count how often it logged on.
"use strict";
const readline = require("readline");
const sdk = require("@adobe/acc-js-sdk");

const endpoint = process.argv[2];
let client, logons = 0;

async function connect(parameters) {
	client = await sdk.init(parameters);
	await client.logon();
	logons++;
	return client.getSessionInfo("SimpleJson");
}

// As the client's manual has it: called when a call met a session that has ended.
async function refreshClient(expired) {
	await expired.logon();
	logons++;
	return expired;
}

const commands = {
	version: async () => sdk.getSDKVersion().version,
	logon: (login, password, options) => connect(
		sdk.ConnectionParameters.ofUserAndPassword(endpoint, login, password, options)),
	logonRefreshing: (login, password) => connect(
		sdk.ConnectionParameters.ofUserAndPassword(endpoint, login, password, { refreshClient })),
	logonBearer: (token) => connect(
		sdk.ConnectionParameters.ofBearerToken(endpoint, token)),
	logons: async () => logons,
	sessionToken: async () => client._sessionToken,
	application: async () => ({
		build: client.application.buildNumber, version: client.application.version,
		instance: client.application.instanceName, login: client.application.operator.login,
		rights: client.application.operator.rights, packages: client.application.packages,
	}),
	isLogged: async () => client.isLogged(),
	logoff: () => client.logoff(),
	ingest: (doc) => client.NLWS.xtkSession.ingest(doc),
	ingestExt: (doc) => client.NLWS.xtkSession.ingestExt(doc),
	ingestXml: (text) => client.NLWS.xml.xtkSession.ingest(sdk.DomUtil.parse(text)),
	subscribe: (...args) => client.NLWS.nmsSubscription.subscribe(...args),
	unsubscribe: (...args) => client.NLWS.nmsSubscription.unsubscribe(...args),
	replicate: (schema) => client.NLWS.nmsReplicationStrategy.startReplicateStagingData(schema),
	getUserInfo: () => client.NLWS.xtkSession.getUserInfo(),
	getServerTime: () => client.NLWS.xtkSession.getServerTime(),
	getOption: (name) => client.getOption(name, false),
	testCnx: () => client.NLWS.xtkSession.testCnx(),
	getSchema: (id) => client.getSchema(id, "SimpleJson"),
	// The client's own view of a schema: its keys, and the names of the fields at the top.
	readSchema: async (id) => {
		const schema = await client.application.getSchema(id);
		return {
			label: schema.label,
			keys: schema.root.keys.map((key) => ({
				name: key.name, internal: key.isInternal,
				fields: key.fields.map((field) => field.name),
			})),
			fields: schema.root.children.map((node) => ({ name: node.name, type: node.type })),
		};
	},
	test: () => client.test(),
	ping: () => client.ping(),
	// What the client's cache refreshers say first: that they go on, or that they stop.
	refreshCaches: () => new Promise((resolve) => {
		client.registerObserver({
			event: ({ eventName, payload }) => {
				if (/^CACHE_REFRESHER\/\/(abort|loggedOff|response|error)/.test(eventName))
					resolve([eventName, payload.error && payload.error.errorCode]);
			},
		});
		client.startRefreshCaches(50);
	}),
};

function explain(error) {
	const { name, message, statusCode, errorCode, faultCode, faultString, detail } = error;
	return { name, message, statusCode, errorCode, faultCode, faultString, detail };
}

async function main() {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [name, ...args] = JSON.parse(line);
		let answer;
		try {
			const result = await commands[name](...args);
			answer = { result: result === undefined ? null : result };
		} catch (error) {
			answer = { error: explain(error) };
		}
		process.stdout.write(JSON.stringify(answer) + "\n");
	}
}

main();
