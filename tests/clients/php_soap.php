<?php
// SPDX-License-Identifier: MIT
// usage: php_soap.php wsdl|bare BASE LOGIN PASSWORD
// Logs on, ingests, provokes a fault, subscribes, logs off; prints as JSON what came of it.
// "wsdl" knows what the WSDL says; "bare" passes parameters by name and place, with no WSDL.
declare(strict_types=1);

[, $mode, $base, $login, $password] = $argv;

function client(string $mode, string $base, string $schema): SoapClient
{
	$options = ['trace' => true, 'cache_wsdl' => WSDL_CACHE_NONE, 'keep_alive' => true];
	if ($mode === 'wsdl')
		return new SoapClient("$base/nl/jsp/schemawsdl.jsp?schema=$schema", $options);
	return new SoapClient(null, $options + [
		'location' => "$base/nl/jsp/soaprouter.jsp", 'uri' => "urn:$schema", 'soap_version' => SOAP_1_1]);
}

/** One call; what SOAP calls a document is passed as XML text. */
function call(string $mode, SoapClient $client, string $schema, string $method, array $parameters)
{
	if ($mode === 'wsdl')
		return $client->__soapCall($method, [$parameters]);
	$list = [];
	foreach ($parameters as $name => $value)
		$list[] = $value instanceof SoapVar ? $value : new SoapParam($value, $name);
	return $client->__soapCall($method, $list, ['soapaction' => "$schema#$method"]);
}

/** A document parameter: the element NAME with XML in it, as it stands. */
function document(string $mode, string $name, string $xml)
{
	return $mode === 'wsdl' ? ['any' => $xml] : new SoapVar("<$name>$xml</$name>", XSD_ANYXML);
}

function fault(callable $call): array
{
	try {
		$call();
	} catch (SoapFault $e) {
		return ['code' => $e->faultcode, 'string' => $e->faultstring, 'detail' => $e->detail ?? null];
	}
	return ['code' => '', 'string' => 'not refused', 'detail' => ''];
}

function out($answer, string $name)
{
	return is_object($answer) ? $answer->$name : (is_array($answer) ? $answer[$name] : $answer);
}

$said = [];
$session = client($mode, $base, 'xtk:session');
$logon = fn (string $word) => call($mode, $session, 'xtk:session', 'Logon', [
	'sessiontoken' => '', 'strLogin' => $login, 'strPassword' => $word,
	'elemParameters' => $mode === 'wsdl' ? ['any' => ''] : '']);
$said['wrong password'] = fault(fn () => $logon('wrong'))['string'];
$token = out($logon($password), 'pstrSessionToken');
$said['token'] = $token;

$row = "<sampleTableStg xtkschema='dem:sampleTableStg' testcol1='from PHP, $mode'><location city='Malmö'/></sampleTableStg>";
$answer = call($mode, $session, 'xtk:session', 'Ingest', [
	'sessiontoken' => $token, 'domDoc' => document($mode, 'domDoc', $row)]);
$said['ingest'] = out($answer, 'pstrSUuids');

$row = "<sampleTableStg xtkschema='dem:sampleTableStg' _key='@id' id='PHP-$mode' amount='9.95'/>";
call($mode, $session, 'xtk:session', 'IngestExt', [
	'sessiontoken' => $token, 'domDoc' => document($mode, 'domDoc', $row)]);

$row = "<sampleTableStg xtkschema='dem:sampleTableStg' nothing='1'/>";
$said['fault'] = fault(fn () => call($mode, $session, 'xtk:session', 'Ingest', [
	'sessiontoken' => $token, 'domDoc' => document($mode, 'domDoc', $row)]));

$subscription = client($mode, $base, 'nms:subscription');
$recipient = "<recipient _key='@email' email='$mode@example.test'/>";
$answer = call($mode, $subscription, 'nms:subscription', 'Subscribe', [
	'sessiontoken' => $token, 'strServiceName' => 'NEWS',
	'elemRecipient' => document($mode, 'elemRecipient', $recipient), 'bCreate' => true]);
$said['subscribe'] = $answer === null || (array) $answer === [] ? null : $answer;

call($mode, $session, 'xtk:session', 'Logoff', ['sessiontoken' => $token]);
$said['after logoff'] = fault(fn () => call($mode, $session, 'xtk:session', 'TestCnx', ['sessiontoken' => $token]))['string'];

echo json_encode($said, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES), "\n";
