<?php
// SPDX-License-Identifier: MIT
// What one would write in PHP: its own SoapServer, a kept PDO connection, an INSERT and a commit
// for each call.  It checks no token and no types.  As parameters of nginx: PEER_DATABASE is the
// MariaDB socket, PEER_TABLE a copy of the log.

class Session
{
    public function __construct(private string $body)
    {
    }

    // SoapServer makes objects of elements and loses their attributes, so the document is read once more.
    private function record(): DOMElement
    {
        $envelope = new DOMDocument();
        $envelope->loadXML($this->body, LIBXML_NONET);
        foreach ($envelope->getElementsByTagNameNS('urn:xtk:session', 'domDoc')->item(0)->childNodes as $node) {
            if ($node->nodeType === XML_ELEMENT_NODE) {
                return $node;
            }
        }
        throw new SoapFault('SOAP-ENV:Client', 'no record');
    }

    private static function uuid(): string
    {
        $bytes = random_bytes(16);
        $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
        $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
        return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
    }

    public function Ingest($sessiontoken, $document): string
    {
        $record = $this->record();
        $database = new PDO(
            "mysql:unix_socket={$_SERVER['PEER_DATABASE']};dbname=stg",
            'app',
            'app',
            [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]
        );
        $id = self::uuid();
        $database->prepare(
            "INSERT INTO `{$_SERVER['PEER_TABLE']}` (_operation, _key, _fields, _operator, _address, id,"
            . " testcol1, testcol2) VALUES (1, '@id', 'id,testcol1,testcol2', 'feed1', ?, ?, ?, ?)"
        )->execute([
            $_SERVER['REMOTE_ADDR'], $id, $record->getAttribute('testcol1'), $record->getAttribute('testcol2'),
        ]);
        return $id;
    }
}

$body = file_get_contents('php://input');
$server = new SoapServer(null, ['uri' => 'urn:xtk:session']);
$server->setObject(new Session($body));
$server->handle($body);
