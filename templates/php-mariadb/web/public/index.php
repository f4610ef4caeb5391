<?php
$db = new PDO(getenv('DB_DSN'), getenv('DB_USER'), getenv('DB_PASSWORD'));
$db->exec('CREATE TABLE IF NOT EXISTS visits (at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)');
$db->exec('INSERT INTO visits () VALUES ()');
$visits = $db->query('SELECT COUNT(*) FROM visits')->fetchColumn();
header('Content-Type: text/plain');
echo "It works: $visits visits\n";
