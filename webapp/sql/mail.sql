-- The notices that are still to be sent: `reports/mail.py`.

-- name: due
SELECT i.id FROM contact_imports i CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE event = 'mail_failed') AS failures, max(at) AS last,
    count(*) FILTER (WHERE event = 'mail_sent') AS sent
  FROM contact_import_logs l
  WHERE l.import_id = i.id AND l.event IN ('mail_failed', 'mail_sent')
    AND l.at >= i.completed_at) l
WHERE i.notification_email IS NOT NULL AND i.state = ANY(%(ended)s)
  AND i.completed_at > clock_timestamp() - interval '1 day' AND l.sent = 0
  AND l.failures < %(tries)s
  AND COALESCE(l.last, i.completed_at)
    < clock_timestamp() - make_interval(secs => %(wait)s * 2 ^ l.failures)
