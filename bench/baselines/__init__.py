"""What Gatehouse is compared with, served as Gatehouse is: same gunicorn, same worker, same nginx."""
