<?php // 茶铺, a tea shop. Needs PHP 8.1 with curl. Run: php -S 127.0.0.1:5003 shop.php
foreach (['ISSUER', 'SHOP_URL', 'CLIENT_ID', 'CLIENT_SECRET'] as $name) define($name, getenv($name));
session_start(['name' => 'teashop_php', 'cookie_httponly' => true, 'cookie_samesite' => 'Lax']);
$user = $_SESSION['user'] ?? null;
$orders = sys_get_temp_dir() . '/teashop-' . hash('sha256', $user['sub'] ?? ''); // or a database

switch ($_SERVER['REQUEST_METHOD'] . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case 'GET/login': // 1. The browser goes to sign in, and comes back with a code.
        [$state, $nonce, $verifier] = array_map(fn () => bin2hex(random_bytes(32)), [1, 2, 3]);
        $_SESSION['asked'] = array_slice($_SESSION['asked'] ?? [], -7, null, true)
            + [$state => [$nonce, $verifier]]; // Other tabs may wait, too.
        $challenge = strtr(base64_encode(hash('sha256', $verifier, true)), '+/', '-_');
        go(ISSUER . '/oauth2/authorize', ['response_type' => 'code', 'client_id' => CLIENT_ID,
            'redirect_uri' => SHOP_URL . '/callback', 'scope' => 'openid profile',
            'state' => $state, 'nonce' => $nonce,
            'code_challenge' => rtrim($challenge, '='), 'code_challenge_method' => 'S256']);
    case 'GET/callback': // Only with a state that this very browser was given.
        $asked = $_SESSION['asked'][$state = filter_input(INPUT_GET, 'state') ?: ''] ?? null;
        if ($asked && $person = person(filter_input(INPUT_GET, 'code') ?: '', ...$asked)) {
            session_regenerate_id(true);
            unset($_SESSION['asked'][$state]);
            $_SESSION['user'] = $person;
            go(SHOP_URL);
        }
        http_response_code(400); break;
    case 'POST/order':
        $user && file_put_contents($orders, $_POST['tea'] . "\n", FILE_APPEND | LOCK_EX);
        go(SHOP_URL);
    case 'POST/logout':
        session_destroy();
        go(ISSUER . '/oauth2/logout', ['id_token_hint' => $user['id_token'] ?? null,
            'client_id' => CLIENT_ID, 'post_logout_redirect_uri' => SHOP_URL . '/']);
}
require __DIR__ . '/page.php';

function person(string $code, string $nonce, string $verifier): ?array {
    // 2. The code becomes tokens. They come from the issuer itself, so the ID token's
    // signature need not be checked (OpenID Connect Core 3.1.3.7); what it says must.
    $form = ['grant_type' => 'authorization_code', 'code' => $code,
        'redirect_uri' => SHOP_URL . '/callback', 'code_verifier' => $verifier];
    $token = ask('/oauth2/token', [CURLOPT_USERPWD => CLIENT_ID . ':' . CLIENT_SECRET,
        CURLOPT_POSTFIELDS => http_build_query($form)]);
    [, $payload] = explode('.', $token['id_token'] ?? '.');
    $claims = json_decode(base64_decode(strtr($payload, '-_', '+/')), true);
    $said = [$claims['iss'] ?? 0, $claims['aud'] ?? 0, $claims['nonce'] ?? 0];
    if ($said !== [ISSUER, CLIENT_ID, $nonce] || $claims['exp'] < time()) return null;
    // 3. The access token becomes a person.
    $person = ask('/oauth2/userinfo',
        [CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . $token['access_token']]]);
    return ($person['sub'] ?? 0) === $claims['sub'] ? $person + $token : null;
}
function ask(string $path, array $how): ?array {
    curl_setopt_array($curl = curl_init(ISSUER . $path), $how + [CURLOPT_TIMEOUT => 10,
        CURLOPT_RETURNTRANSFER => true, CURLOPT_FAILONERROR => true]);
    return json_decode(curl_exec($curl) ?: 'null', true);
}
function go(string $url, array $query = []): never {
    header("Location: $url" . ($query ? '?' . http_build_query($query) : ''), true, 303);
    exit;
}
