"""What a background job does, in a process of its own; and the Celery application."""
