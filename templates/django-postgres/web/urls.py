from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import path


def index(_request):
    return HttpResponse(f"It works: {User.objects.count()} users\n", content_type="text/plain")


urlpatterns = [path("", index)]
